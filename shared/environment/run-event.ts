/** The source and detail type of the event, for rules of one's own. */
export const EVENT_SOURCE = 'ferry';
export const EVENT_DETAIL_TYPE = 'Ferry Run Ended';
