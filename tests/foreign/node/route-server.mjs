// Serves the route handler of a Next.js application: `GET` takes a Request and returns a Response.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [file, port] = process.argv.slice(2);
const { GET } = await import(pathToFileURL(file));

createServer(async (incoming, outgoing) => {
  const request = new Request(new URL(incoming.url, `http://${incoming.headers.host}`), {
    headers: Object.entries(incoming.headers),
  });
  const response = await GET(request);
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value);
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}).listen(Number(port), "127.0.0.1");
