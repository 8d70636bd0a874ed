// The little that the pages need to build their elements. Text is always a
// text node: nothing that anybody typed is ever parsed as markup.

type Child = Node | string | null | undefined | false;
type Props = Record<string, string | boolean | ((event: never) => void) | undefined>;

/** Makes an element. `on…` props are listeners, `false` and undefined are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
    else attr(element, name, value);
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** Sets or removes an attribute, and leaves an equal one alone. */
export function attr(element: Element, name: string, value: string | boolean | undefined): void {
  const text = value === true ? "" : value;
  if (text === false || text === undefined) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== text) {
    element.setAttribute(name, text);
  }
}

/** Sets the text, and leaves an equal one alone: a live region then stays silent. */
export function text(element: Element, value: string): void {
  if (element.textContent !== value) element.textContent = value;
}

export function show(element: HTMLElement, visible: boolean): void {
  if (element.hidden === visible) element.hidden = !visible;
}

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element ${id}`);
  return element as T;
}

/** Makes the parent's children those of the keys, in order, reusing what is there. */
export function keyed<T>(parent: HTMLElement, items: T[], key: (item: T) => string, make: (item: T) => HTMLElement, update: (element: HTMLElement, item: T, i: number) => void): void {
  const old = new Map<string, HTMLElement>();
  for (const child of Array.from(parent.children) as HTMLElement[]) {
    if (child.dataset.key) old.set(child.dataset.key, child);
  }
  let place: Element | null = parent.firstElementChild;
  items.forEach((item, i) => {
    const name = key(item);
    let element = old.get(name);
    if (element) old.delete(name);
    else {
      element = make(item);
      element.dataset.key = name;
    }
    update(element, item, i);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  });
  for (const element of old.values()) element.remove();
}

/** Runs `draw` once after the current batch of events, in hidden tabs too. */
export function coalesced(draw: () => void): () => void {
  const channel = new MessageChannel();
  let queued = false;
  channel.port1.onmessage = () => {
    queued = false;
    draw();
  };
  return () => {
    if (queued) return;
    queued = true;
    channel.port2.postMessage(0);
  };
}

/** Does a person look at this page now? */
export function isWatched(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}
