/** How many commands a Redis has processed so far. */
import { Redis } from 'ioredis';

export async function redisCommands(url: string): Promise<number> {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined); // the command fails with it
  try {
    await redis.connect();
    const text = await redis.info('stats');
    return Number(/^total_commands_processed:(\d+)/m.exec(text)?.[1] ?? 0);
  } finally {
    redis.disconnect();
  }
}
