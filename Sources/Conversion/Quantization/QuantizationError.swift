public import DVLADiagnostics
public import DVLAJSON
public import DVLAKernels

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The errors that a change of precision made in a tensor, from its values x before and y after.
public struct QuantizationError: Sendable, Equatable {
  /// max |x - y|.
  public var maximumAbsoluteError: Double
  /// sqrt(mean (x - y)^2).
  public var rootMeanSquareError: Double
  /// The SQNR, 10 log10(sum x^2 / sum (x - y)^2), in dB to four decimals; nil where x equals y or
  /// is all zeros.
  public var signalToNoiseRatio: Double?
  /// sum x y / sqrt(sum x^2 sum y^2), in [-1, 1]; 1 where x equals y, 0 where only one of them is
  /// all zeros.
  public var cosine: Double

  public init(_ sums: ErrorSums) {
    let lost = sums.squaredError
    maximumAbsoluteError = sums.maximumError
    rootMeanSquareError = sums.count == 0 ? 0 : (lost / Double(sums.count)).squareRoot()
    guard lost > 0 else {
      signalToNoiseRatio = nil
      cosine = 1
      return
    }
    let lengths = sums.squaredSource.squareRoot() * sums.squaredResult.squareRoot()
    cosine = lengths > 0 ? max(-1, min(1, sums.product / lengths)) : 0
    guard sums.squaredSource > 0 else {
      signalToNoiseRatio = nil
      return
    }
    // Rounded, since the last bits of a logarithm differ between C libraries and bundles must not.
    let decibels = 10 * log10(sums.squaredSource / lost)
    signalToNoiseRatio = (decibels * 1e4).rounded() / 1e4
  }

  /// An object of `max_abs`, `rms`, `sqnr_db` (null where there is none) and `cosine`.
  public var json: JSONValue {
    [
      "max_abs": .number(maximumAbsoluteError),
      "rms": .number(rootMeanSquareError),
      "sqnr_db": signalToNoiseRatio.map(JSONValue.number) ?? .null,
      "cosine": .number(cosine),
    ]
  }

  /// Reads what ``json`` writes.
  ///
  /// - Throws: `json.type`, `json.missing-key`, `json.unknown-key`.
  public init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: ["max_abs", "rms", "sqnr_db", "cosine"])
    maximumAbsoluteError = try object.required("max_abs").number()
    rootMeanSquareError = try object.required("rms").number()
    let ratio = try object.required("sqnr_db")
    signalToNoiseRatio = ratio.isNull ? nil : try ratio.number()
    cosine = try object.required("cosine").number()
  }
}
