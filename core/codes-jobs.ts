/** Codes of jobs; part of the table in `codes.ts`. */
import { costCodes } from './codes-costs.ts';
import { kubernetesCodes } from './codes-kubernetes.ts';
import { mysqlCodes } from './codes-mysql.ts';
import { postgresCodes } from './codes-postgres.ts';
import { snapshotCodes } from './codes-snapshot.ts';

export const jobCodes = {
  ...snapshotCodes,
  ...postgresCodes,
  ...kubernetesCodes,
  ...mysqlCodes,
  ...costCodes,
} as const;
