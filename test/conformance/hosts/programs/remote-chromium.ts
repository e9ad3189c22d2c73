// A page with remote models alone, whose host is of another origin: calls come to a function of its window.

import { answerRemote, describeRemoteIn } from "./remote-suite.ts";

describeRemoteIn("Chromium");

Object.assign(globalThis, { answer: answerRemote });
