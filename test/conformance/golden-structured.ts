/** What the demo model answers in given forms, on every transport. */
export const goldenStructured: Readonly<Record<string, string>> = {
  "json_object, greedy": 'stop | {"name": "The capital of France is Paris. Greetcaru. Greet young"}',
  "json_object, sampled":
    'length | {"name": "The capital of France is Paris. GreetcaríFinish every day ten minutes.ですか上がनिया है?ですか上がनिया है?ですか上がनिया है? Greet�',
  "json_schema, greedy": 'stop | {"city": "The capital of France is", "country": "Italy", "tags": [], "founded": null}',
  "json_schema, sampled": 'stop | {"city": "The capital of France is", "country": "Italy", "tags": [], "founded": 6}',
  "regex, greedy": "stop | Theapital, 1929",
  "regex, sampled": "stop | Theapital, 1979",
  "lark, greedy": "stop | The capital is France.",
  "lark, sampled": "stop | The capital is France.",
  "choice, greedy": "stop | Paris",
  "choice, sampled": "stop | Paris",
  "tools, required": 'tool_calls | get_weather {"city": "Paris", "unit": "celsius"}',
  "tools, chosen": 'tool_calls | get_weather {"city": "Paris", "unit": "celsius"}',
  "tools, strict": 'tool_calls | get_weather {"city": "Paris", "unit": "celsius"}',
  "tools, or an answer": 'tool_calls | get_weather {"city": "Paris", "unit": "celsius"}',
};
