import type { Gathering } from './gathering.js';
import type { Inbox } from './inbox.js';
import type { LetterSender } from './letter-sender.js';
import type { Request } from './protocol.js';
import { isPlain } from './wire.js';

/** What of a thread's requests goes as letters, beside what is said and heard by its port. */
export class Mail {
  constructor(
    readonly letters: LetterSender,
    readonly gathering: Gathering,
    readonly inbox: Inbox,
  ) {}

  /** Sends a plain write, if there is a slip for it: one that neither a load nor a turn has a say in, and that numbers say all of. */
  send(id: number, request: Request): boolean {
    const { letters } = this;
    if (request.op !== 'store' || request.flight > 0 || request.turn > 0) return false;
    if (!isPlain(request.terms) || !letters.hasRoom) return false;
    this.gathering.beside(
      (posted) => letters.send(id, request, posted),
      () => letters.mustNudge,
    );
    this.inbox.expectLetters(letters);
    return true;
  }

  /** The keeper has ended: what it has answered is answered, and nothing else was sent. */
  drop(): void {
    this.gathering.drop();
    this.letters.notice(this.letters.passed);
    this.letters.restart();
  }

  /** The keeper says that so many have passed. */
  hear(passed: number): void {
    this.letters.notice(passed);
    if (this.letters.isOpen) this.inbox.expectLetters(this.letters);
  }
}
