import type { Attention, Hearing } from './attention.js';
import type { KeeperClient } from './keeper-client.js';
import type { ToKeeper } from './protocol.js';
import { Sleep } from './sleep.js';
import type { Packed } from './wire.js';
import type { StoreRequest } from './write-protocol.js';

/** What is done with what comes. */
interface House {
  receive: Hearing;
  /** Whether what the letter asks for is stored, and nothing else is to be answered. */
  answer(client: KeeperClient, letter: { id: number } & StoreRequest): boolean;
  settle(): void;
}

/** Where the keeper hears messages, opens letters, and lies down when there are no more of either. */
export class LetterDesk {
  readonly #sleep: Sleep;
  readonly #openAll = (): boolean => this.openAll();
  #later: NodeJS.Immediate | undefined;

  constructor(
    control: SharedArrayBuffer,
    readonly clients: ReadonlyMap<number, KeeperClient>,
    readonly house: House,
  ) {
    this.#sleep = new Sleep(control);
  }

  hear(client: KeeperClient, message: ToKeeper | Packed, attention: Attention | undefined): void {
    this.#sleep.end();
    this.house.receive(client, message);
    this.#stay(client, message, attention);
  }

  /** Opens the letters of a thread that were sent before the next message of it. Whether there were any. */
  open(client: KeeperClient): boolean {
    const { letters } = client;
    if (letters === undefined || !letters.hasNext) return false;
    do letters.close(this.house.answer(client, letters.open()));
    while (letters.hasNext);
    return true;
  }

  /** Opens those of all threads, and answers them. */
  openAll(): boolean {
    let hasOpened = false;
    for (const client of this.clients.values()) if (!client.suspect && this.open(client)) hasOpened = true;
    if (hasOpened) this.house.settle();
    return hasOpened;
  }

  #stay(client: KeeperClient, message: ToKeeper | Packed, attention: Attention | undefined): void {
    clearImmediate(this.#later);
    for (;;) {
      if (attention?.stay(client, message, this.house.receive, this.#openAll)) {
        // Timers and other threads get their turn, and it goes on.
        this.#later = setImmediate(() => this.#stay(client, message, attention));
        return;
      }
      this.#sleep.begin();
      if (!this.openAll()) return;
      this.#sleep.end();
    }
  }
}
