/// Numbers as people read them.
enum Units {
  /// Bytes in decimal units, three digits: `5.85 GB`.
  static func bytes(_ count: Int) -> String {
    let units = ["kB", "MB", "GB", "TB"]
    guard count >= 1000 else { return "\(count) B" }
    var value = Double(count) / 1000
    var index = 0
    while value >= 999.5, index < units.count - 1 {
      value /= 1000
      index += 1
    }
    return "\(threeDigits(value)) \(units[index])"
  }

  /// A count in three digits: `2.92 G` parameters, `603`.
  static func count(_ count: Int) -> String {
    guard count >= 10_000 else { return "\(count)" }
    let units = ["k", "M", "G", "T"]
    var value = Double(count) / 1000
    var index = 0
    while value >= 999.5, index < units.count - 1 {
      value /= 1000
      index += 1
    }
    return "\(threeDigits(value)) \(units[index])"
  }

  /// `0:07`, `12:30`, `1:02:03`.
  static func time(_ seconds: Double) -> String {
    let whole = Int(max(0, min(seconds, 359_999)).rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }

  /// A number with `places` digits after the point.
  static func fixed(_ value: Double, _ places: Int) -> String {
    guard !value.isNaN else { return "nan" }
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = Int((abs(value) * scale).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard places > 0 else { return sign + "\(scaled)" }
    let digits = "\(scaled)"
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    return sign + padded.dropLast(places) + "." + padded.suffix(places)
  }

  /// A ratio in dB, to a tenth.
  static func decibels(_ value: Double) -> String { fixed(value, 1) }

  /// Three significant digits of a positive number below 1000.
  private static func threeDigits(_ value: Double) -> String {
    fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0)
  }

  /// `0.00123` as `1.23e-03`, for errors.
  static func scientific(_ value: Double) -> String {
    guard !value.isNaN else { return "nan" }
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    var mantissa = abs(value)
    var exponent = 0
    while mantissa >= 9.995 {
      mantissa /= 10
      exponent += 1
    }
    while mantissa < 0.9995 {
      mantissa *= 10
      exponent -= 1
    }
    let sign = exponent < 0 ? "-" : "+"
    let digits = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
    return (value < 0 ? "-" : "") + fixed(mantissa, 2) + "e" + sign + digits
  }
}
