import Glibc

/// The types that upstream libraries compute a robot's numbers in.
protocol ArithmeticFloat: BinaryFloatingPoint, Sendable {
  static func arcsine(_ x: Self) -> Self
}

extension Float: ArithmeticFloat {
  static func arcsine(_ x: Float) -> Float { asinf(x) }
}

extension Double: ArithmeticFloat {
  static func arcsine(_ x: Double) -> Double { asin(x) }
}
