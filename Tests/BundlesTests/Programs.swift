import Foundation

/// A variable of the environment.
func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

/// Runs a program found on the path.
func run(_ command: [String]) -> (status: Int32, lines: [String], error: String) {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = command
  let (output, error) = (Pipe(), Pipe())
  process.standardOutput = output
  process.standardError = error
  do { try process.run() } catch { return (127, [], "\(error)") }
  let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  let problems = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return (process.terminationStatus, text.split(separator: "\n").map(String.init), problems)
}

/// Cuts a file short in place.
func truncate(_ path: String, to count: Int) throws {
  let handle = try FileHandle(forWritingTo: URL(filePath: path))
  try handle.truncate(atOffset: UInt64(count))
  try handle.close()
}

/// Changes a byte of a file in place.
func overwrite(_ path: String, at offset: Int, with byte: UInt8) throws {
  let handle = try FileHandle(forWritingTo: URL(filePath: path))
  try handle.seek(toOffset: UInt64(offset))
  try handle.write(contentsOf: Data([byte]))
  try handle.close()
}
