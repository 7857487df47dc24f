import type { AppraiseMessage, CacheNews, WireError } from './protocol.js';

/** What a cache in a thread wants to hear from the keeper. */
export interface CacheListener {
  onNews(news: readonly CacheNews[], lost: number): void;
  onClosed(): void;
  /** Something of the cache has failed in the keeper. */
  onFault?(error: WireError, warns: boolean): void;
  onAppraise?(message: AppraiseMessage): void;
}
