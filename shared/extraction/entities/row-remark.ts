/** Something about an object that its entity does not say. */
export interface RowRemark {
  /** `hidden`: the login may not see its definition. `invalid`: a view that the server cannot resolve. `broken`: it cannot open the table. */
  what: 'hidden view' | 'hidden routine' | 'invalid view' | 'broken table';
  /** With its schema. */
  name: string;
}
