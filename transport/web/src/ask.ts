// A yes-or-no question in the page's own dialog.

import { text } from "./dom.ts";

/** Shows the dialog and answers whether the person said yes; Escape says no. */
export function ask(dialog: HTMLDialogElement, question: string): Promise<boolean> {
  text(dialog.querySelector("[data-question]") as HTMLElement, question);
  const yes = dialog.querySelector<HTMLButtonElement>("[data-yes]");
  const no = dialog.querySelector<HTMLButtonElement>("[data-no]");
  return new Promise((answer) => {
    // Not by the close event: it comes later, when the dialog may be open again.
    const finish = (said: boolean) => {
      dialog.close();
      answer(said);
    };
    if (yes) yes.onclick = () => finish(true);
    if (no) no.onclick = () => finish(false);
    dialog.oncancel = () => finish(false);
    dialog.showModal();
  });
}
