# relay_unit_io: the rooms that touch descriptors but not Asio (net's poller, transport, pump) and
# forward's pure parts.
add_executable(relay_unit_io
  ${PROJECT_SOURCE_DIR}/tests/support/sockets.cpp
  net/alarms_test.cpp net/connecting_test.cpp net/datagram_socket_test.cpp net/listener_test.cpp net/mailbox_test.cpp
  net/mptcp_test.cpp net/poller_test.cpp net/queue_time_test.cpp net/slow_set_test.cpp net/socket_test.cpp net/timer_wheel_test.cpp
  resume/resumable_stream_test.cpp
  transport/empty_budget_test.cpp transport/plain_stream_test.cpp transport/websocket_chain_test.cpp
  net/worker_clock_test.cpp
  transport/websocket_pinger_test.cpp transport/websocket_splice_test.cpp transport/websocket_stream_test.cpp
  pump/batching_test.cpp pump/byte_rates_test.cpp pump/datagram_head_test.cpp pump/datagrams_test.cpp
  pump/direction_test.cpp pump/moderated_session_test.cpp pump/moderation_test.cpp pump/pipe_pool_test.cpp
  pump/policer_test.cpp pump/queue_keeper_test.cpp pump/replies_test.cpp pump/session_rate_test.cpp
  pump/session_test.cpp
  pump/slow_sinks_test.cpp pump/socket_memory_test.cpp pump/throttle_test.cpp
  forward/admission_test.cpp forward/binding_test.cpp forward/dial_plan_test.cpp forward/error_counts_test.cpp forward/flow_table_test.cpp
  forward/flood_of_ends_test.cpp forward/gate_test.cpp forward/hook_test.cpp forward/hook_thread_test.cpp forward/line_budget_test.cpp forward/live_endpoint_test.cpp forward/loop_watch_test.cpp
  forward/own_listener_test.cpp forward/proxy_policy_test.cpp forward/quarantine_test.cpp
  forward/route_test.cpp forward/rule_test.cpp forward/session_line_test.cpp forward/session_log_test.cpp forward/sessions_test.cpp forward/step_outcome_test.cpp forward/storm_test.cpp
  forward/target_test.cpp forward/totals_test.cpp forward/warm_policy_test.cpp)
target_link_libraries(relay_unit_io PRIVATE relay_core GTest::gtest_main)
target_include_directories(relay_unit_io PRIVATE ${PROJECT_SOURCE_DIR}/tests)
include(forward/hooks/hooks.cmake)
gtest_discover_tests(relay_unit_io)
