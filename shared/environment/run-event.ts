/** The source and detail type of the event, for people's own rules. */
export const EVENT_SOURCE = 'ferry';
export const EVENT_DETAIL_TYPE = 'Ferry Run Ended';
