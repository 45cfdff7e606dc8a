// A third of the seeds of the simulation that once failed.

import { testFailedSeeds } from "../support/seed_parts.ts";

testFailedSeeds(3);
