// Prints, as JSON, how the demo app words the values that it is given on standard input.
import * as words from "../../fhir_server/http/app/src/words.js";

let input = "";
for await (const chunk of process.stdin) input += chunk;
const answers = JSON.parse(input).map(([name, ...values]) =>
  words[name](...values.map((value) => (value?.now ? new Date(value.now) : value))));
process.stdout.write(JSON.stringify(answers));
