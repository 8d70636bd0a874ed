// What calls an operator back: the title's count, a sound, a notification.

import { attr, byId, isWatched, show, text } from "../dom.ts";
import { Beeper } from "../sound.ts";
import { lasting } from "../storage.ts";
import { operator as words } from "../strings.ts";

const key = "parley.console.alerts";

interface Choices {
  sound: boolean;
  desktop: boolean;
}

export class Alerts {
  private readonly choices = read();
  private readonly beeper = new Beeper(this.choices.sound);
  private readonly sound = byId<HTMLInputElement>("sound");
  private readonly desktop = byId<HTMLInputElement>("desktop");
  private beeped = 0;

  constructor() {
    this.sound.addEventListener("change", () => this.chooseSound());
    this.desktop.addEventListener("change", () => void this.chooseDesktop());
    this.draw(false);
  }

  /** Something new for this operator. `open` runs when the notification is clicked. */
  call(what: string, tag: string, open: () => void): void {
    if (Date.now() - this.beeped > 1_000) {
      this.beeped = Date.now();
      this.beeper.play();
    }
    if (isWatched() || !this.choices.desktop || !isPermitted()) return;
    // Nothing that anybody wrote is shown: a lock screen may show this to others.
    const notification = new Notification(words.title, { body: what, tag });
    notification.onclick = () => {
      window.focus();
      notification.close();
      open();
    };
  }

  title(count: number): void {
    const title = count > 0 ? words.countTitle(count) : words.title;
    if (document.title !== title) document.title = title;
  }

  private chooseSound(): void {
    this.choices.sound = this.sound.checked;
    this.beeper.enabled = this.choices.sound;
    this.save();
    this.beeper.play();
  }

  private async chooseDesktop(): Promise<void> {
    const wanted = this.desktop.checked;
    if (wanted && "Notification" in window && Notification.permission === "default") await Notification.requestPermission();
    this.choices.desktop = wanted && isPermitted();
    this.save();
    this.draw(wanted && !this.choices.desktop);
  }

  private draw(blocked: boolean): void {
    this.sound.checked = this.choices.sound;
    this.desktop.checked = this.choices.desktop && isPermitted();
    const note = byId("blocked");
    show(note, blocked);
    text(note, blocked ? words.notificationsBlocked : "");
    attr(this.desktop, "aria-describedby", blocked ? "blocked" : undefined);
  }

  private save(): void {
    lasting.set(key, JSON.stringify(this.choices));
  }
}

function isPermitted(): boolean {
  return "Notification" in window && Notification.permission === "granted";
}

function read(): Choices {
  try {
    const kept = JSON.parse(lasting.get(key) ?? "{}") as Partial<Choices>;
    return { sound: kept.sound ?? true, desktop: kept.desktop ?? false };
  } catch {
    return { sound: true, desktop: false };
  }
}
