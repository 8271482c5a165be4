import Glibc

/// The wall clock.
public enum UTCTime {
  /// Such as `2026-11-30T14:05:00.250Z`.
  public static var now: String {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    var parts = unsafe tm()
    _ = unsafe gmtime_r(&time.tv_sec, &parts)
    let (year, month, day) = unsafe (parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
    let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec]
    return "\(digits(Int(year), 4))-\(digits(Int(month), 2))-\(digits(Int(day), 2))T"
      + clock.map { digits(Int($0), 2) }.joined(separator: ":")
      + ".\(digits(time.tv_nsec / 1_000_000, 3))Z"
  }

  private static func digits(_ value: Int, _ count: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, count - text.count)) + text
  }
}
