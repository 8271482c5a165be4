// Named as in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import DVLACDepthVLA
import DVLADiagnostics
import DVLAJSON
import DVLARemapping
import DVLATensors
import DepthVLAWeights

// Weights in the names of an upstream library. The header says what each function does.

/// Weights that C has planned.
final class PlannedWeights: Handled {
  static let noun = "plan of weights"

  let weights: NamedWeights
  let tensors: TensorDescriptions
  let family, naming: CText

  init(_ weights: NamedWeights) {
    self.weights = weights
    tensors = TensorDescriptions(
      weights.tensors, tiedTo: weights.tiedTo, resident: weights.residentBytes)
    family = CText(weights.family)
    naming = CText(weights.naming)
  }

  /// - Throws: `argument.range`.
  func document(_ name: String) throws(WeightsError) -> JSONValue {
    switch name {
    case "config": weights.config ?? .null
    case "notes": .array(weights.notes.map(JSONValue.string))
    case "metadata":
      weights.metadata.map { members in
        .object(JSONObject(members.map { ($0.key, .string($0.value)) }))
      } ?? .null
    default: throw .range("name", "config, notes or metadata", name.quoted)
    }
  }
}

@c @implementation
public func dvla_weights_plan(
  _ bundle: dvla_bundle?, _ options: UnsafePointer<dvla_weights_options>?,
  _ weights: UnsafeMutablePointer<dvla_weights?>?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let output = try unsafe HandleOutput(weights, "weights")
    let bundle = try unsafe Handles.find(number(bundle), OpenBundle.self).bundle
    let given = try unsafe structure(options, "options")
    var options = ExportOptions(naming: try unsafe text(given.naming, "options.naming"))
    options.family = try unsafe optionalText(given.family, "options.family")
    options.dtype = try unsafe word(given.dtype, "options.dtype", FloatType.self)?.dtype
    options.allTiedNames = unsafe given.all_tied_names
    output.store(
      PlannedWeights(
        try NamedWeights(
          bundle, library: try .embedded(), options: options,
          keepsInt8: unsafe given.keeps_int8)))
  }
}

/// The types that floats become.
private enum FloatType: String, CaseIterable {
  case f32 = "F32"
  case bf16 = "BF16"
  case f16 = "F16"

  var dtype: DType {
    switch self {
    case .f32: .f32
    case .bf16: .bf16
    case .f16: .f16
    }
  }
}

@c @implementation
public func dvla_weights_close(
  _ weights: dvla_weights?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    try unsafe Handles.close(number(weights), PlannedWeights.self)
  }
}

@c @implementation
public func dvla_weights_describe(
  _ weights: dvla_weights?, _ info: UnsafeMutablePointer<dvla_weights_info>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let planned = try unsafe Handles.find(number(weights), PlannedWeights.self)
    try unsafe fill(info, "info") { (info) throws(WeightsError) in
      unsafe info.family = planned.family.pointer
      unsafe info.naming = planned.naming.pointer
      unsafe info.tensor_count = planned.tensors.count
      unsafe info.byte_count = UInt64(planned.weights.tensors.reduce(0) { $0 + $1.byteCount })
      unsafe info.int8_count = planned.weights.int8Count
      unsafe info.dequantized_count = planned.weights.dequantizedCount
    }
  }
}

@c @implementation
public func dvla_weights_document(
  _ weights: dvla_weights?, _ name: UnsafePointer<CChar>?, _ buffer: UnsafeMutablePointer<CChar>?,
  _ capacity: Int, _ length: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let planned = try unsafe Handles.find(number(weights), PlannedWeights.self)
    let document = try planned.document(try unsafe text(name, "name"))
    try unsafe document.copy(to: buffer, capacity: capacity, length: length)
  }
}

@c @implementation
public func dvla_weights_tensor(
  _ weights: dvla_weights?, _ index: Int, _ tensor: UnsafeMutablePointer<dvla_tensor>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let planned = try unsafe Handles.find(number(weights), PlannedWeights.self)
    try unsafe planned.tensors.describe(index, in: tensor)
  }
}

@c @implementation
public func dvla_weights_load(
  _ weights: dvla_weights?, _ buffers: UnsafePointer<UnsafeMutableRawPointer?>?,
  _ byteCounts: UnsafePointer<Int>?, _ count: Int, _ threads: UInt32,
  _ progress: dvla_weights_progress?, _ context: UnsafeMutableRawPointer?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let planned = try unsafe Handles.find(number(weights), PlannedWeights.self)
    let threads = try threadCount(threads)
    guard count == planned.tensors.count else {
      throw .range("count", "\(planned.tensors.count), the number of tensors", "\(count)")
    }
    guard count > 0 else { return }
    guard let buffers = unsafe buffers else { throw .null("buffers") }
    guard let byteCounts = unsafe byteCounts else { throw .null("byteCounts") }
    var requests: [NamedWeights.Request] = []
    var memory: [UnsafeMutableRawBufferPointer] = unsafe []
    for (index, info) in planned.weights.tensors.enumerated() {
      let (buffer, byteCount) = unsafe (buffers[index], byteCounts[index])
      let expected = unsafe buffer == nil && info.byteCount > 0 ? 0 : info.byteCount
      guard byteCount == expected else {
        throw WeightsError(
          .bufferSize, .usage, tensor: info.name.string,
          "byteCounts[\(index)]: expected \(expected), found \(byteCount)")
      }
      unsafe memory.append(UnsafeMutableRawBufferPointer(start: buffer, count: byteCount))
      if unsafe buffer == nil && info.byteCount > 0 {
        requests.append(.passOver)
      } else if let resident = unsafe planned.tensors.resident(index),
        let buffer = unsafe buffer, unsafe resident == UnsafeRawPointer(buffer)
      {
        requests.append(.checkInPlace)
      } else {
        requests.append(.fill)
      }
    }
    try planned.weights.load(requests, into: unsafe CallerMemory(memory), threads: threads) {
      (complete, done) throws(WeightsError) in
      guard let progress = unsafe progress else { return }
      guard unsafe progress(context, complete, UInt64(done)) else { throw .stopped }
    }
  }
}
