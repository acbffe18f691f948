// What the local stack says while it works: one line a part and event. The default writes plain
// lines to stderr; the demo passes its own.

export type Progress = (part: string, text: string) => void;

const NAME_WIDTH = 12;

export const progressLines: Progress = (part, text) => {
  console.error(`${part.padEnd(NAME_WIDTH)} ${text}`);
};

export const silent: Progress = () => undefined;
