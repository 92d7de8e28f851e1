// autocannon in a process of its own, by its interface in code: its command line cannot put an id into a header.
import autocannon from 'autocannon';

const result = await autocannon(JSON.parse(process.argv[2]));
console.log(JSON.stringify(result));
