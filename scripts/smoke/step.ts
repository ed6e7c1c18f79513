/** One thing that was tried on the stack, and what came of it. */
export interface Step {
  step: string;
  status: 'ok' | 'warning' | 'failed';
  detail: string;
}
