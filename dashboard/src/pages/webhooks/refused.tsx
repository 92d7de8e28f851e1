// Why a webhook was not saved: at its fields where it is about fields, else in a sentence below them.
import { problemsOf } from '../../api/problems';
import type { Action } from '../../api/use-action';
import { Notice } from '../../components/notice';
import { FIELDS_WITH_PROBLEMS } from './webhook-form';

export function refusedOf({ refused, refusal }: Action) {
  const problems = problemsOf(refusal, FIELDS_WITH_PROBLEMS);
  const isAboutFields = Object.keys(problems).length > 0;
  const sentence = isAboutFields ? 'It was not saved. The fields that were refused say why.' : refused;
  return { problems, notice: sentence && <Notice tone="bad">{sentence}</Notice> };
}
