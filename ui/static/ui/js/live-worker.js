// A shared worker: twenty tabs of one person and district, one socket.
import { Link } from "./link.js";

const ports = new Set();
let link = null;

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function hear(port, { type, district, after }) {
  if (type === "bye") ports.delete(port);
  else if (type === "hurry") link?.hurry();
  else if (type === "join") {
    link ??= new Link({ district, after, tell });
    link.hurry({ evenRefused: true });
    ports.add(port);
    port.postMessage(link.greeting(after));
  }
}

self.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => hear(port, data);
};
