// Opens an exported plan with the public Automerge package and prints one answer: node read.mjs FILE QUESTION
import { readFileSync } from "node:fs";
import * as Automerge from "@automerge/automerge";

const [file, question] = process.argv.slice(2);
const plan = Automerge.load(readFileSync(file));
console.log(JSON.stringify({ heads: Automerge.getHeads(plan).sort(), text: plan.answers[question].toString() }));
