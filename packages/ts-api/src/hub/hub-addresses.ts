import { unsupported } from "../error/refusal.js";
import type { LoadOptions } from "../model/load-options.js";
import { type DownloadStore, fileOfRequest } from "../source/download.js";
import type { Source } from "../source/source.js";
import { chooseFiles } from "./choose-files.js";
import { HubClient } from "./hub-client.js";
import { endpointOf, hubEndpoint } from "./hub-endpoint.js";
import type { HubName } from "./hub-name.js";

/**
 * A model of the hub for hosts without files: its files by their addresses, all of one commit, which are kept as other downloads are.
 * That they are whole is looked at, and not their hash: a page that gets them over https from the hub has nothing else to trust.
 *
 * @throws {@link WickError} with what to do.
 */
export async function hubAddresses(name: HubName, options: LoadOptions, store?: DownloadStore): Promise<Source> {
  const { endpoint = hubEndpoint, token, cacheDir, offline } = options.hub ?? {};
  for (const [option, value] of Object.entries({ cacheDir, offline })) {
    if (value === undefined) continue;
    const where = `options.hub.${option}`;
    throw unsupported(where, `${where} is for hosts with files; leave it out.`);
  }
  const client = new HubClient({ endpoint: endpointOf(endpoint), token });
  const repository = await client.repository(name.repository, name.revision, options.signal);
  const { files, main } = chooseFiles(repository.files, name);
  const isFolder = main === "";
  const fetched = files.map((file) => {
    const address = client.addressOf(repository, file);
    // Only what a plain request brings is kept; one with a token is for who has it.
    const request =
      token === undefined ? address : new Request(address, { headers: { authorization: `Bearer ${token}` } });
    // A checkpoint's folders are part of it; a GGUF file's are the repository's.
    return { ...fileOfRequest(request, store), ...(isFolder && { name: file.path }) };
  });
  return { kind: "files", files: fetched, isFolder, ...(isFolder && { id: repository.repository }) };
}
