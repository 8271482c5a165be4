/// Round numbers along an axis.
public struct Ticks: Sendable, Hashable {
  /// The axis, from the first tick to the last.
  public let range: ClosedRange<Double>
  public let values: [Double]
  /// The values as people write them, exactly.
  public let labels: [String]

  /// Steps of 1, 2 or 5 times a power of ten, the smallest that need no more than `most` ticks.
  ///
  /// - Parameters:
  ///   - span: what the axis has to hold, finite. Where it is one number, some room is made around.
  ///   - isWhole: for numbers of things, without ticks between them.
  /// - Precondition: `most` is at least 3.
  public init(covering span: ClosedRange<Double>, atMost most: Int, isWhole: Bool = false) {
    precondition(most >= 3 && span.lowerBound.isFinite && span.upperBound.isFinite)
    var (low, high) = (span.lowerBound, span.upperBound)
    // Numbers that differ in their last bits alone are as good as one.
    if high - low <= 1e-9 * max(abs(low), abs(high)) {
      let room = max(abs(low), abs(high)) / 2
      (low, high) = room == 0 ? (0, 1) : (low - room, high + room)
    }
    var step = Step(below: (high - low) / Double(most))
    if isWhole { while step.exponent < 0 { step = step.next } }
    var (first, last) = (0, 0)
    while true {
      first = Int((low / step.value).rounded(.down))
      last = Int((high / step.value).rounded(.up))
      // A quotient that rounding put just beside a whole number makes no tick of its own.
      if step.value * Double(first + 1) <= low { first += 1 }
      if step.value * Double(last - 1) >= high { last -= 1 }
      if last - first + 1 <= most { break }
      step = step.next
    }
    let multiples = Array(first...last)
    values = multiples.map(step.times)
    labels = multiples.map(step.label)
    range = values[0]...values[values.count - 1]
  }

  /// A digit times a power of ten.
  private struct Step {
    var digit = 1
    var exponent = 0

    /// The largest of 1, 2 and 5 times a power of ten that is no more than a positive number.
    init(below size: Double) {
      while size < value { exponent -= 1 }
      while size >= value * 10 { exponent += 1 }
      for larger in [2, 5] where size >= value / Double(digit) * Double(larger) { digit = larger }
    }

    var value: Double { times(1) }

    var next: Step {
      var next = self
      switch digit {
      case 1: next.digit = 2
      case 2: next.digit = 5
      default: (next.digit, next.exponent) = (1, exponent + 1)
      }
      return next
    }

    func times(_ multiple: Int) -> Double {
      var power = 1.0
      for _ in 0..<abs(exponent) { power *= 10 }
      let number = Double(multiple * digit)
      return exponent < 0 ? number / power : number * power
    }

    func label(_ multiple: Int) -> String {
      let number = multiple * digit
      let digits = String(abs(number))
      let sign = number < 0 ? "−" : ""
      if number == 0 { return "0" }
      if exponent > 4 || exponent < -6 { return "\(sign)\(digits)e\(exponent)" }
      if exponent >= 0 { return sign + digits + String(repeating: "0", count: exponent) }
      let padded =
        String(repeating: "0", count: max(0, 1 - exponent - digits.count)) + digits
      return sign + padded.dropLast(-exponent) + "." + padded.suffix(-exponent)
    }
  }
}
