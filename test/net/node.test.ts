/** The live tests over node:net and node:tls. */
import { connect } from "../../src/net/node.ts";
import { liveSuite } from "./live-suite.ts";

liveSuite(connect);
