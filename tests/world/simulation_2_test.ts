// A third of the seeds of each test run.

import { testFixedSeeds } from "../support/seed_parts.ts";

testFixedSeeds(2);
