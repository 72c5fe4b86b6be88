// Beside the time in UTC, that of the reader's own zone, to be seen when pointed at.

const inZone = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

export function showLocalTimes(page) {
  for (const time of page.querySelectorAll("time[datetime]")) {
    time.title = inZone.format(new Date(time.dateTime));
  }
}
