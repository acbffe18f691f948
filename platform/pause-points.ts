// Tests only: named places where a test can hold a process. Without BANK_PAUSE_POINTS_URL a pause
// point is undefined and costs a comparison; with it, the process posts {name, instance, pid} there
// and goes on when the answer comes. A test that does not answer within 60 s makes it throw. Write
// it as:
//     const pause = pausePoint('append:before-commit'); if (pause !== undefined) await pause;

const PAUSE_MS_MAX = 60_000;

const url = process.env['BANK_PAUSE_POINTS_URL'] ?? '';

export function pausePoint(name: string): Promise<void> | undefined {
  return url === '' ? undefined : askToGoOn(name);
}

async function askToGoOn(name: string): Promise<void> {
  const instance = process.env['BANK_INSTANCE'] ?? String(process.pid);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, instance, pid: process.pid }),
    signal: AbortSignal.timeout(PAUSE_MS_MAX),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`pause point ${name} was answered ${response.status}`);
}
