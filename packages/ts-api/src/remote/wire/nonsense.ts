/** What a host says contradicts itself, or is of a form that cannot be read. Its message goes on from "Event 7 of the stream". */
export class Nonsense extends Error {}
