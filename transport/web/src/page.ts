// What a page learns from its own address.

/** The tenant of `?tenant=`, or the one that the server named as the default. */
export function tenantOfPage(): string {
  const named = new URLSearchParams(location.search).get("tenant");
  return named ?? document.querySelector<HTMLMetaElement>('meta[name="parley-tenant"]')?.content ?? "";
}

/** Takes a value out of the address's fragment, which no server sees and nobody shall copy. */
export function takeFromFragment(name: string): string {
  const value = new URLSearchParams(location.hash.slice(1)).get(name) ?? "";
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  return value;
}
