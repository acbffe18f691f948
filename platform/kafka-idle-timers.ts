/**
 * Keeps idle connections of kafkajs idle. Once it has had an answer, each of them asks every
 * millisecond, for ever, whether a request waits to be sent, though none does. What begins to wait
 * asks for that look itself.
 */
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

export function checkOnlyWhatWaits(): void {
  const schedule = RequestQueue.prototype.scheduleCheckPendingRequests;
  RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleWhereNeeded() {
    if (this.pending.length > 0) schedule.call(this);
  };
}
