/** A bounded number of something at once: one more is refused by the error that is given. */
export type Slots = {
  /** Answers the release, which counts once. Throws when all are taken. */
  take(): () => void;
  taken(): number;
};

export function createSlots(max: number, refusal: (max: number) => Error): Slots {
  let taken = 0;
  return {
    take() {
      if (taken >= max) throw refusal(max);
      taken += 1;
      let isHeld = true;
      return () => {
        if (isHeld) taken -= 1;
        isHeld = false;
      };
    },
    taken: () => taken,
  };
}
