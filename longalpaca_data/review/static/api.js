// Speaks to the server. The token stands in the address behind the #, which browsers don't send
// anywhere by themselves.

const hash = () => new URLSearchParams(location.hash.slice(1));
const token = hash().get("token") ?? "";

/** What the address holds besides the token: the row and the filters. */
export function remembered() {
  const params = hash();
  params.delete("token");
  return Object.fromEntries(params);
}

/** Keep row and filters in the address, so that a reload shows the same. */
export function remember(values) {
  const params = new URLSearchParams({ token });
  for (const [key, value] of Object.entries(values)) if (value) params.set(key, value);
  history.replaceState(null, "", `#${params}`);
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, {
      ...options,
      headers: { ...options.headers, "X-Review-Token": token },
    });
  } catch {
    throw new Error("the server doesn't answer: start `review` again and open the new address");
  }
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({ error: response.statusText }));
  throw new Error(error);
}

const query = (values) => {
  const given = Object.entries(values).filter(([, value]) => value !== "");
  return new URLSearchParams(given);
};

export const about = async () => (await ask("/api/set")).json();
export const select = async (filters) => (await ask(`/api/select?${query(filters)}`)).json();
export const lines = async (ids) =>
  (await ask(`/api/lines?${new URLSearchParams(ids.map((id) => ["id", id]))}`)).json();

/** A row's facts and its material: the first line is JSON, the rest plain text. */
export async function row(id) {
  const bytes = new Uint8Array(await (await ask(`/api/row?${query({ id })}`)).arrayBuffer());
  const end = bytes.indexOf(10);
  // ignoreBOM keeps a U+FEFF in the text: the evidence's offsets count it.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const facts = JSON.parse(decoder.decode(bytes.subarray(0, end)));
  return { ...facts, material: decoder.decode(bytes.subarray(end + 1)) };
}

export const decide = async (change) =>
  (
    await ask("/api/decide", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(change),
    })
  ).json();
