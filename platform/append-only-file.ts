/**
 * A text file to which whole lines are added, each on the disk before the next thing is done. What
 * a crash has broken off stays as a line of its own.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';

const OWNER_ONLY = 0o600;

/** Undefined: there is no file, or it is empty. A longer line than `bytesMax` throws. */
export async function lastWholeLine(path: string, bytesMax: number): Promise<string | undefined> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, OWNER_ONLY);
  try {
    const { size } = await file.stat();
    const length = Math.min(size, bytesMax);
    const tail = Buffer.alloc(length);
    await file.read(tail, 0, length, size - length);
    const end = tail.lastIndexOf('\n');
    if (end < 0) {
      if (size <= bytesMax) return undefined;
      throw new Error(`${path}: its last line is longer than ${bytesMax} bytes`);
    }
    const start = tail.lastIndexOf('\n', end - 1);
    if (start < 0 && size > length) {
      throw new Error(`${path}: its last line is longer than ${bytesMax} bytes`);
    }
    return tail.toString('utf8', start + 1, end);
  } finally {
    await file.close();
  }
}

export async function appendLine(path: string, line: string): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, OWNER_ONLY);
  try {
    const { size } = await file.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    const isBrokenOff = size > 0 && last.toString() !== '\n';
    await file.write(`${isBrokenOff ? '\n' : ''}${line}\n`, size);
    await file.sync();
  } finally {
    await file.close();
  }
  const folder = await open(dirname(path), constants.O_RDONLY);
  try {
    await folder.sync(); // the file may be new
  } finally {
    await folder.close();
  }
}
