import type { Answer } from '../calls/use-answer.ts';
import { useWords } from '../words/use-words.ts';
import { Trouble } from './trouble.tsx';

/** A page that has no answer yet. */
export function Waiting({ title, answer }: { title: string; answer: Answer<unknown> }) {
  const { words } = useWords();
  return (
    <>
      <h1>{title}</h1>
      {answer.error ? <Trouble error={answer.error} retry={answer.reload} /> : <p>{words.loading}</p>}
    </>
  );
}
