// Times as people read them. The pages get the server's clock, in milliseconds.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function clockTime(at: number): string {
  return clock.format(at);
}

export function fullTime(at: number): string {
  return full.format(at);
}

/** 0:07, 12:40, 1:02:33. */
export function stopwatch(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

const day = new Intl.DateTimeFormat(undefined, { weekday: "long", hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });

/** When something opens: 09:00, Monday 09:00, or 4 May 09:00. */
export function opening(at: number): string {
  const now = Date.now();
  if (new Date(at).toDateString() === new Date(now).toDateString()) return clock.format(at);
  return at - now < 6 * 86_400_000 ? day.format(at) : date.format(at);
}

/** A span that is an estimate: less than a minute, 3 minutes, 1 hour. */
export function span(seconds: number): string {
  if (seconds < 50) return "less than a minute";
  const minutes = Math.round(seconds / 60);
  if (minutes < 2) return "a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 2 ? "an hour" : `${hours} hours`;
}
