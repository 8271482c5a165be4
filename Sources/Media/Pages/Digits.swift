/// Numbers in as many digits as a reader can use.
public enum Digits {
  /// Three significant digits without zeros at the end: `0.0123`, `12.3`, `1230`, `1.23e-7`.
  public static func three(_ value: Double) -> String { significant(value, 3) }

  /// Three significant digits, or as many more as tell it from each of some others that it is not:
  /// 0.9998 beside 1 is `0.9998`.
  public static func three(_ value: Double, apartFrom others: [Double]) -> String {
    let others = others.filter { $0 != value }
    for count in 3..<15 {
      let text = significant(value, count)
      if !others.contains(where: { significant($0, count) == text }) { return text }
    }
    return significant(value, 15)
  }

  /// A ratio in dB to a tenth: `−1.4`.
  public static func decibels(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e6 else { return three(value) }
    let tenths = Int((abs(value) * 10).rounded())
    return "\(value < 0 && tenths > 0 ? "−" : "")\(tenths / 10).\(tenths % 10)"
  }

  /// `1st`, `22nd`, `95th`, `99.5th`.
  public static func ordinal(_ value: Double) -> String {
    let text = three(value)
    guard let whole = Int(text), !(11...13).contains(whole % 100) else { return text + "th" }
    return text + (whole % 10 == 1 ? "st" : whole % 10 == 2 ? "nd" : whole % 10 == 3 ? "rd" : "th")
  }

  /// Three significant digits with zeros at the end, so that numbers of a column line up: `2.60`.
  public static func column(_ value: Double) -> String { significant(value, 3, isPadded: true) }

  /// So many significant digits, from 1 to 15, of a decimal that is rounded half to even.
  public static func significant(
    _ value: Double, _ count: Int, isPadded: Bool = false
  ) -> String {
    precondition(1...15 ~= count, "1 to 15 digits")
    if value.isNaN { return "not a number" }
    if value == 0 { return "0" }
    let sign = value < 0 ? "−" : ""
    guard value.isFinite else { return sign + "∞" }
    var (digits, exponent) = shortest(abs(value))
    if digits.count > count {
      let isUp = roundsUp(digits, at: count)
      digits = Array(digits[..<count])
      if isUp {
        var index = count - 1
        while index >= 0, digits[index] == 9 {
          digits[index] = 0
          index -= 1
        }
        if index >= 0 {
          digits[index] += 1
        } else {
          digits.insert(1, at: 0)
          digits.removeLast()
          exponent += 1
        }
      }
    }
    if isPadded {
      digits += [Int](repeating: 0, count: max(0, count - digits.count))
    } else {
      while digits.count > 1, digits.last == 0 { digits.removeLast() }
    }
    let text = digits.map(String.init).joined()
    if exponent < -4 || exponent > 6 {
      let rest = text.dropFirst()
      return "\(sign)\(text.prefix(1))\(rest.isEmpty ? "" : "." + rest)e\(exponent)"
    }
    if exponent < 0 {
      return sign + "0." + String(repeating: "0", count: -exponent - 1) + text
    }
    if digits.count <= exponent + 1 {
      return sign + text + String(repeating: "0", count: exponent + 1 - digits.count)
    }
    return sign + text.prefix(exponent + 1) + "." + text.dropFirst(exponent + 1)
  }

  /// The fewest digits that say a positive number, and the power of ten of the first.
  private static func shortest(_ value: Double) -> (digits: [Int], exponent: Int) {
    let parts = "\(value)".split(separator: "e")
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let whole = mantissa[0]
    let all = (whole + (mantissa.count > 1 ? mantissa[1] : "")).compactMap(\.wholeNumberValue)
    let zeros = all.prefix { $0 == 0 }.count
    let power = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    return (Array(all[zeros...]), whole.count - 1 - zeros + power)
  }

  private static func roundsUp(_ digits: [Int], at count: Int) -> Bool {
    let rest = digits[count...]
    if rest.first == 5, rest.dropFirst().allSatisfy({ $0 == 0 }) {
      return !digits[count - 1].isMultiple(of: 2)
    }
    return (rest.first ?? 0) >= 5
  }
}
