#pragma once

#include <relay/document/codecs.hpp>
#include <relay/document/schema.hpp>
#include <relay/document/table_reader.hpp>

/// The words of the engine are the words of this room.
namespace relay::config {
using namespace document;
}
