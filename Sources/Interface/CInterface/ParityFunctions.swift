// Named as in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import DVLACDepthVLA
import DVLADiagnostics
import DVLAJSON
import DVLAModels
import DVLAParity
import DVLARemapping
import DVLATensorMath
import DVLATensors
import DepthVLAWeights

// Goldens and parity. The header says what each function does.

/// What a parity check found.
final class ParityResult: Handled {
  static let noun = "report"

  let document: JSONValue
  init(_ document: JSONValue) { self.document = document }
}

/// How a bundle's model is compared with goldens, or recorded.
private struct ParityRequest {
  let subject: ParitySubject
  let tolerancesFile: String?
  let precision: PrecisionClass?
  let products: ProductPrecision?
  let ablation: RequestedAblation
  let threads: Int

  /// - Throws: `argument.*`, `structure.size`, `handle.unknown`; as ``ParitySubject``.
  init(
    _ bundle: dvla_bundle?, _ options: UnsafePointer<dvla_parity_options>?
  ) throws(WeightsError) {
    let open = try unsafe Handles.find(number(bundle), OpenBundle.self)
    let options = try unsafe optionalStructure(options, "options") ?? dvla_parity_options()
    tolerancesFile = try unsafe optionalText(options.tolerances, "options.tolerances")
    precision = try unsafe word(
      options.precision_class, "options.precision_class", PrecisionClass.self)
    products = try unsafe word(options.products, "options.products", ProductPrecision.self)
    ablation = RequestedAblation(
      pattern: try unsafe word(options.mask, "options.mask", AttentionPattern.self),
      usesDepth: unsafe options.without_depth ? false : nil)
    threads = try threadCount(unsafe options.threads)
    subject = try ParitySubject(open.bundle, library: try .embedded())
  }
}

@c @implementation
public func dvla_parity_check(
  _ bundle: dvla_bundle?, _ goldens: UnsafePointer<UnsafePointer<CChar>?>?, _ goldenCount: Int,
  _ options: UnsafePointer<dvla_parity_options>?, _ progress: dvla_progress?,
  _ context: UnsafeMutableRawPointer?, _ report: UnsafeMutablePointer<dvla_report?>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let output = try unsafe HandleOutput(report, "report")
    let request = try unsafe ParityRequest(bundle, options)
    let paths = try unsafe texts(goldens, count: goldenCount, "goldens")
    let callback = unsafe ProgressCallback(progress, context)
    let check = try request.subject.check(
      against: paths, tolerances: try Tolerances(file: request.tolerancesFile),
      precision: request.precision, products: request.products, ablation: request.ablation,
      runtime: .installed, threads: request.threads
    ) { (progress) throws(WeightsError) in
      try callback.goOn(progress.doneByteCount, of: progress.totalByteCount)
    }
    output.store(
      ParityResult(ParityDocument(check, tolerances: request.tolerancesFile).json))
    if let failed = check.comparisons.first(where: { !$0.passed }), let stage = failed.firstFailure
    {
      throw WeightsError(
        .parityExceeded, .checkFailed, file: failed.golden.path,
        "the first stage out of tolerance is \(stage.name.quoted)")
    }
  }
}

@c @implementation
public func dvla_report_close(
  _ report: dvla_report?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    try unsafe Handles.close(number(report), ParityResult.self)
  }
}

@c @implementation
public func dvla_report_document(
  _ report: dvla_report?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
  _ length: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let result = try unsafe Handles.find(number(report), ParityResult.self)
    try unsafe result.document.copy(to: buffer, capacity: capacity, length: length)
  }
}

@c @implementation
public func dvla_golden_record(
  _ bundle: dvla_bundle?, _ inputs: UnsafePointer<CChar>?, _ output: UnsafePointer<CChar>?,
  _ stages: UnsafePointer<CChar>?, _ overwrites: Bool,
  _ options: UnsafePointer<dvla_parity_options>?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let request = try unsafe ParityRequest(bundle, options)
    let pattern = try unsafe optionalText(stages, "stages").map {
      (text) throws(WeightsError) in try DottedPattern(text)
    }
    _ = try request.subject.record(
      inputsOf: try unsafe text(inputs, "inputs"), to: try unsafe text(output, "output"),
      stages: pattern, overwrite: overwrites, products: request.products,
      ablation: request.ablation, runtime: .installed, threads: request.threads)
  }
}

/// A callback of the caller, called on the thread of its call alone.
@safe
private struct ProgressCallback: @unchecked Sendable {
  private let progress: dvla_progress?
  private let context: UnsafeMutableRawPointer?

  init(_ progress: dvla_progress?, _ context: UnsafeMutableRawPointer?) {
    unsafe self.progress = progress
    unsafe self.context = context
  }

  func goOn(_ done: Int, of total: Int) throws(WeightsError) {
    try unsafe DVLACInterface.goOn(progress, context, done, of: total)
  }
}

extension WeightsError.Code {
  /// A stage is out of tolerance.
  static let parityExceeded = Self("parity.exceeded")
}
