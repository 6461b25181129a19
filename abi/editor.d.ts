/** For editors only: names that asc knows from its command line. */
declare const VDEVBOX_NO_GATE: bool;
