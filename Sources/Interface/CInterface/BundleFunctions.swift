// Named as in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import DVLABundles
public import DVLACDepthVLA
import DVLADiagnostics
import DVLAJSON
import DVLATensors
import DepthVLAWeights

// Versions, and bundles. The header says what each function does.

@c @implementation
public func dvla_abi_version() -> UInt32 { UInt32(DVLA_ABI_VERSION) }

private let versionText = CText(ToolVersion.current)

@c @implementation
public func dvla_version() -> UnsafePointer<CChar>? { unsafe versionText.pointer }

@c @implementation
public func dvla_bundle_open(
  _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<dvla_open_options>?,
  _ bundle: UnsafeMutablePointer<dvla_bundle?>?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let output = try unsafe HandleOutput(bundle, "bundle")
    let path = try unsafe text(path, "path")
    let options = try unsafe optionalStructure(options, "options") ?? dvla_open_options()
    let trust = try unsafe BundleTrust(options)
    let opened = try WeightBundle(
      path: path, trust: trust,
      signatureFile: try unsafe optionalText(options.signature_file, "options.signature_file"),
      check: unsafe options.checks_sha256 ? .digest : .checksum, mapping: unsafe options.maps_file)
    output.store(OpenBundle(opened))
  }
}

@c @implementation
public func dvla_bundle_close(
  _ bundle: dvla_bundle?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    try unsafe Handles.close(number(bundle), OpenBundle.self)
  }
}

@c @implementation
public func dvla_bundle_describe(
  _ bundle: dvla_bundle?, _ info: UnsafeMutablePointer<dvla_bundle_info>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let open = try unsafe Handles.find(number(bundle), OpenBundle.self)
    try unsafe fill(info, "info") { (info) throws(WeightsError) in
      unsafe info.path = open.path.pointer
      unsafe info.family = open.family.pointer
      unsafe info.root = open.root.pointer
      unsafe info.byte_count = UInt64(open.bundle.byteCount)
      unsafe info.tensor_count = open.tensors.count
      unsafe info.asset_count = open.assets.count
      unsafe info.is_signed = open.bundle.signature != nil
      unsafe info.release = UInt64(open.bundle.signature?.statement.release ?? 0)
      unsafe info.is_gated = open.bundle.gate != nil
    }
  }
}

@c @implementation
public func dvla_bundle_document(
  _ bundle: dvla_bundle?, _ name: UnsafePointer<CChar>?, _ buffer: UnsafeMutablePointer<CChar>?,
  _ capacity: Int, _ length: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let open = try unsafe Handles.find(number(bundle), OpenBundle.self)
    let document = try open.document(try unsafe text(name, "name"))
    try unsafe document.copy(to: buffer, capacity: capacity, length: length)
  }
}

@c @implementation
public func dvla_bundle_tensor(
  _ bundle: dvla_bundle?, _ index: Int, _ tensor: UnsafeMutablePointer<dvla_tensor>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let open = try unsafe Handles.find(number(bundle), OpenBundle.self)
    try unsafe open.tensors.describe(index, in: tensor)
  }
}

@c @implementation
public func dvla_bundle_find(
  _ bundle: dvla_bundle?, _ name: UnsafePointer<CChar>?, _ index: UnsafeMutablePointer<Int>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let open = try unsafe Handles.find(number(bundle), OpenBundle.self)
    let name = TensorName(try unsafe text(name, "name"))
    guard let found = open.bundle.index(of: name) else {
      throw WeightsError(
        .unknownTensor, .notFound, file: open.bundle.path, tensor: name.string, "no such tensor")
    }
    try unsafe store(found, in: index, "index")
  }
}

@c @implementation
public func dvla_bundle_asset(
  _ bundle: dvla_bundle?, _ index: Int, _ asset: UnsafeMutablePointer<dvla_asset>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let found = try unsafe Handles.find(number(bundle), OpenBundle.self).asset(index)
    try unsafe fill(asset, "asset") { (asset) throws(WeightsError) in
      unsafe asset.name = found.name.pointer
      unsafe asset.family = found.family.pointer
      unsafe asset.file_name = found.fileName.pointer
      unsafe asset.role = found.role.pointer
      unsafe asset.sha256 = found.sha256.pointer
      unsafe asset.byte_count = UInt64(found.asset.byteCount)
    }
  }
}

@c @implementation
public func dvla_bundle_read_asset(
  _ bundle: dvla_bundle?, _ index: Int, _ buffer: UnsafeMutableRawPointer?, _ byteCount: Int,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let open = try unsafe Handles.find(number(bundle), OpenBundle.self)
    let asset = try open.asset(index).asset
    // Before anything is read.
    guard byteCount == asset.byteCount else {
      throw WeightsError(
        .bufferSize, .usage, file: open.bundle.path,
        "buffer: expected room for \(asset.byteCount) bytes, found \(byteCount)")
    }
    let bytes = try open.bundle.bytes(of: asset)
    try unsafe copy(
      bytes, to: buffer?.assumingMemoryBound(to: UInt8.self), count: byteCount, "buffer")
  }
}
