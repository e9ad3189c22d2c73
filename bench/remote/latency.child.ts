// A host that sends an event with the time in it, again and again.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chunkEvent, lastEvents } from "./chunks.ts";

const [, , events = "0", gapMs = "1"] = process.argv;

const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    if (sent <= Number(events))
      return void response.write(chunkEvent(String(performance.timeOrigin + performance.now())));
    clearInterval(timer);
    response.end(lastEvents);
  }, Number(gapMs));
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
