// Named as in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import DVLACDepthVLA
import DVLADiagnostics
import DVLAPipelines
import DVLATensors

// Chunks of actions. The header says what each function does.

/// A chunk that C has computed.
final class ComputedChunk: Handled {
  static let noun = "chunk"

  let run: PolicyRun
  init(_ run: PolicyRun) { self.run = run }
}

@c @implementation
public func dvla_chunk_close(
  _ chunk: dvla_chunk?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    try unsafe Handles.close(number(chunk), ComputedChunk.self)
  }
}

@c @implementation
public func dvla_chunk_describe(
  _ chunk: dvla_chunk?, _ info: UnsafeMutablePointer<dvla_chunk_info>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let chunk = try unsafe Handles.find(number(chunk), ComputedChunk.self).run.chunk
    try unsafe fill(info, "info") { (info) throws(WeightsError) in
      info.horizon = chunk.actions.count
      info.action_width = chunk.actions.first?.count ?? 0
      info.model_action_width = chunk.normalized.shape[1]
      info.depth_count = chunk.depth.count
      info.token_count = chunk.tokenCount
      info.is_in_robot_units = chunk.isInRobotUnits
      info.prepare_seconds = 0
      info.forward_seconds = 0
      for lap in chunk.timing {
        switch lap.part {
        case .prepare: info.prepare_seconds += lap.seconds
        case .forward: info.forward_seconds += lap.seconds
        }
      }
    }
  }
}

@c @implementation
public func dvla_chunk_actions(
  _ chunk: dvla_chunk?, _ actions: UnsafeMutablePointer<Double>?, _ count: Int,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let chunk = try unsafe Handles.find(number(chunk), ComputedChunk.self).run.chunk
    try unsafe copy(chunk.actions.flatMap(\.self), to: actions, count: count, "actions")
  }
}

@c @implementation
public func dvla_chunk_model_actions(
  _ chunk: dvla_chunk?, _ actions: UnsafeMutablePointer<Float>?, _ count: Int,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let chunk = try unsafe Handles.find(number(chunk), ComputedChunk.self).run.chunk
    try unsafe copy(chunk.normalized.values, to: actions, count: count, "actions")
  }
}

@c @implementation
public func dvla_chunk_document(
  _ chunk: dvla_chunk?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
  _ length: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let run = try unsafe Handles.find(number(chunk), ComputedChunk.self).run
    try unsafe copy(
      ActionDocument(run).text.utf8, to: UnsafeMutableRawPointer(buffer), capacity: capacity,
      length: length)
  }
}

@c @implementation
public func dvla_chunk_depth(
  _ chunk: dvla_chunk?, _ picture: Int, _ map: UnsafeMutablePointer<dvla_depth_map?>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let output = try unsafe HandleOutput(map, "map")
    let depth = try unsafe Handles.find(number(chunk), ComputedChunk.self).run.chunk.depth
    guard depth.indices.contains(picture) else {
      throw .range("picture", "the index of a depth map, below \(depth.count)", "\(picture)")
    }
    output.store(ComputedDepth(depth[picture]))
  }
}
