import { describeClient } from "./describe-client.ts";
import { wickRemote } from "./wick.ts";

describeClient(wickRemote("wick"));
describeClient(wickRemote("openai"));
describeClient(wickRemote("mistral"));
