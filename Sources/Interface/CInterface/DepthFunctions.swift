// Named as in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import DVLABundles
public import DVLACDepthVLA
import DVLADiagnostics
import DVLAFamilies
import DVLAImages
import DVLAPipelines
import DVLATensorMath
import DVLATensors

// Depth of single pictures, and depth maps. The header says what each function does.

/// An estimator that C has made.
final class MadeEstimator: Handled {
  static let noun = "depth estimator"

  private let turn: OneAtATime<DepthEstimator>
  init(_ estimator: DepthEstimator) { turn = OneAtATime(estimator) }

  /// - Throws: `handle.busy`; as ``DepthEstimator``.
  func estimate(_ image: RGBImage) throws(WeightsError) -> DepthMap {
    try turn.use("depth estimator") { (estimator) throws(WeightsError) in try estimator(image) }
  }
}

/// A depth map that C has computed.
final class ComputedDepth: Handled {
  static let noun = "depth map"

  let map: DepthMap
  let meaning: CText

  init(_ map: DepthMap) {
    self.map = map
    let word =
      switch map.meaning {
      case .relative: "relative"
      case .metres: "metres"
      case .unscaled: "unscaled"
      }
    meaning = CText(word)
  }
}

@c @implementation
public func dvla_depth_estimator_create(
  _ bundle: dvla_bundle?, _ options: UnsafePointer<dvla_depth_options>?,
  _ estimator: UnsafeMutablePointer<dvla_depth_estimator?>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let output = try unsafe HandleOutput(estimator, "estimator")
    let bundle = try unsafe Handles.find(number(bundle), OpenBundle.self).bundle
    let options = try unsafe optionalStructure(options, "options") ?? dvla_depth_options()
    let size = Int(unsafe options.input_size)
    guard bundle.documents.family == Family.depthAnythingV2.rawValue else {
      throw WeightsError(
        .depthFamily, .usage, file: bundle.path,
        "expected a \(Family.depthAnythingV2.rawValue) bundle, found \(bundle.documents.family.quoted)"
      )
    }
    guard size <= 1 << 14 else { throw .range("options.input_size", "0 to 16384", "\(size)") }
    let made = try DepthEstimator(
      bundle, inputSize: size == 0 ? nil : size,
      products: try unsafe word(options.products, "options.products", ProductPrecision.self),
      on: Compute(threads: try threadCount(unsafe options.threads)))
    output.store(MadeEstimator(made))
  }
}

@c @implementation
public func dvla_depth_estimator_close(
  _ estimator: dvla_depth_estimator?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    try unsafe Handles.close(number(estimator), MadeEstimator.self)
  }
}

@c @implementation
public func dvla_depth_estimate(
  _ estimator: dvla_depth_estimator?, _ picture: UnsafePointer<dvla_picture>?,
  _ map: UnsafeMutablePointer<dvla_depth_map?>?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let output = try unsafe HandleOutput(map, "map")
    let made = try unsafe Handles.find(number(estimator), MadeEstimator.self)
    let image = try unsafe RGBImage(structure(picture, "picture"), "picture")
    output.store(ComputedDepth(try made.estimate(image)))
  }
}

@c @implementation
public func dvla_depth_map_close(
  _ map: dvla_depth_map?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    try unsafe Handles.close(number(map), ComputedDepth.self)
  }
}

@c @implementation
public func dvla_depth_map_describe(
  _ map: dvla_depth_map?, _ info: UnsafeMutablePointer<dvla_depth_info>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let computed = try unsafe Handles.find(number(map), ComputedDepth.self)
    let map = computed.map
    try unsafe fill(info, "info") { (info) throws(WeightsError) in
      unsafe info.height = map.values.shape[0]
      unsafe info.width = map.values.shape[1]
      unsafe info.model_height = map.processedSize.height
      unsafe info.model_width = map.processedSize.width
      unsafe info.meaning = computed.meaning.pointer
      unsafe info.maximum_metres = 0
      unsafe info.steps_per_metre = 0
      if case .metres(let maximum) = map.meaning { unsafe info.maximum_metres = maximum }
      if case .steps(let perMetre) = map.scale { unsafe info.steps_per_metre = perMetre }
      unsafe info.least = map.minimum
      unsafe info.greatest = map.maximum
    }
  }
}

@c @implementation
public func dvla_depth_map_values(
  _ map: dvla_depth_map?, _ values: UnsafeMutablePointer<Float>?, _ count: Int,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let map = try unsafe Handles.find(number(map), ComputedDepth.self).map
    try unsafe copy(map.values.values, to: values, count: count, "values")
  }
}

@c @implementation
public func dvla_depth_map_grey16(
  _ map: dvla_depth_map?, _ values: UnsafeMutablePointer<UInt16>?, _ count: Int,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let map = try unsafe Handles.find(number(map), ComputedDepth.self).map
    try unsafe copy(map.grey16.values, to: values, count: count, "values")
  }
}

@c @implementation
public func dvla_depth_map_file(
  _ map: dvla_depth_map?, _ format: UnsafePointer<CChar>?, _ buffer: UnsafeMutableRawPointer?,
  _ capacity: Int, _ length: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let map = try unsafe Handles.find(number(map), ComputedDepth.self).map
    guard let format = try unsafe word(format, "format", DepthFileFormat.self) else {
      throw .null("format")
    }
    let bytes = try map.file(format.form)
    try unsafe copy(bytes, to: buffer, capacity: capacity, length: length)
  }
}

private enum DepthFileFormat: String, CaseIterable {
  case png16, npy, png

  var form: DepthOutput.Form {
    switch self {
    case .png16: .grey16
    case .npy: .raw
    case .png: .picture(.spectralReversed)
    }
  }
}

extension WeightsError.Code {
  /// The bundle is no depth estimator.
  static let depthFamily = Self("depth.family")
}
