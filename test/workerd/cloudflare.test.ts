/** The live tests in workerd, over cloudflare:sockets. */
import { connect } from "../../src/net/cloudflare.ts";
import { liveSuite } from "../net/live-suite.ts";

liveSuite(connect);
